<?php
// The few functions of WordPress that the plugin uses, so that it can be run without one. The steps come as JSON.

define( 'ABSPATH', '/' );
$hooks = $meta = array();

class WP_Error {
	private $message;
	public function __construct( $code, $message ) { $this->message = $message; }
	public function get_error_message() { return $this->message; }
}

function add_action( $name, $work ) { $GLOBALS['hooks'][ $name ][] = $work; }
function add_filter( $name, $work ) { $GLOBALS['hooks'][ $name ][] = $work; }
function add_shortcode( $name, $work ) { $GLOBALS['shortcodes'][ $name ] = $work; }
function apply_filters( $name, $value ) { return $name === 'the_content' ? '<p>' . $value . '</p>' : $value; }
function do_hook( $name, ...$arguments ) { foreach ( $GLOBALS['hooks'][ $name ] ?? array() as $work ) { $work( ...$arguments ); } }
function get_post_meta( $id, $name ) { return $GLOBALS['meta'][ $id ][ $name ] ?? ''; }
function update_post_meta( $id, $name, $value ) { $GLOBALS['meta'][ $id ][ $name ] = $value; }
function delete_post_meta( $id, $name ) { unset( $GLOBALS['meta'][ $id ][ $name ] ); }
function is_wp_error( $value ) { return $value instanceof WP_Error; }
function wp_is_post_revision( $id ) { return false; }
function wp_generate_uuid4() { return bin2hex( random_bytes( 16 ) ); }
function wp_json_encode( $value ) { return json_encode( $value ); }
function wp_strip_all_tags( $text ) { return strip_tags( $text ); }
function get_the_title( $post ) { return $post->post_title; }
function get_the_author_meta( $name, $id ) { return 'Ann Lee'; }
function wp_get_post_tags( $id, $options ) { return array( 'wordpress' ); }
function get_bloginfo( $name ) { return 'de-DE'; }
function shortcode_atts( $defaults, $given ) { return array_merge( $defaults, array_intersect_key( $given, $defaults ) ); }
function esc_url( $text ) { return htmlspecialchars( $text ); }
function esc_attr( $text ) { return htmlspecialchars( $text ); }
function esc_html( $text ) { return htmlspecialchars( $text ); }
function esc_html__( $text ) { return htmlspecialchars( $text ); }
function plugins_url( $name ) { return '/' . $name; }
function wp_register_script() {}
function wp_enqueue_script( $name, $address ) { $GLOBALS['script'] = $address; }
function register_block_type( $name, $options ) { $GLOBALS['blocks'][ $name ] = $options; }
function get_post() { return $GLOBALS['post']; }

function wp_remote_request( $url, $arguments ) {
	$lines = array();
	foreach ( $arguments['headers'] as $name => $value ) { $lines[] = "$name: $value"; }
	$options = array( 'method' => $arguments['method'], 'header' => $lines, 'content' => $arguments['body'] ?? '', 'ignore_errors' => true, 'timeout' => 10, 'follow_location' => 0 );
	$body = @file_get_contents( $url, false, stream_context_create( array( 'http' => $options ) ) );
	if ( false === $body ) { return new WP_Error( 'http', 'no answer' ); }
	return array( 'body' => $body, 'lines' => $http_response_header );
}
function wp_remote_retrieve_body( $answer ) { return $answer['body']; }
function wp_remote_retrieve_response_code( $answer ) { return explode( ' ', $answer['lines'][0] )[1]; }
function wp_remote_retrieve_header( $answer, $name ) {
	foreach ( $answer['lines'] as $line ) {
		if ( 0 === stripos( $line, "$name:" ) ) { return trim( substr( $line, strlen( $name ) + 1 ) ); }
	}
	return '';
}

define( 'STOPPRESS_URL', $argv[2] );
define( 'STOPPRESS_API_KEY', $argv[3] );
require $argv[1];
do_hook( 'init' );
foreach ( json_decode( $argv[4], true ) as $step ) {
	$post = (object) array_merge( array( 'ID' => 7, 'post_author' => 1, 'post_password' => '', 'post_title' => 'T', 'post_content' => 'x' ), $step );
	update_post_meta( 7, 'stoppress_blog', $step['blog'] ?? 'demo' );
	do_hook( 'wp_after_insert_post', 7, $post );
	echo json_encode( $meta[7] ), "\n";
	do_hook( 'admin_notices' );
}
echo "\n", $shortcodes['stoppress']( array( 'blog' => 'demo' ) ), "\n", $script, "\n";
echo $blocks['stoppress/live-blog']['render_callback']( array( 'blog' => '"><script>' ) ), "|\n";
