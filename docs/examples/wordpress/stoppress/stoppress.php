<?php
/**
 * Plugin Name: Stoppress
 * Description: Sends posts to a live blog as entries, and shows live blogs on pages.
 * Version: 1.0
 * Requires at least: 6.0
 * Requires PHP: 7.4
 * License: Apache-2.0
 *
 * Put two lines into wp-config.php:
 *
 *     define( 'STOPPRESS_URL', 'https://live.example.org' );
 *     define( 'STOPPRESS_API_KEY', 'stp_...' );  // an editor's key, for the blogs that WordPress may write to
 *
 * Send a post: give it the custom field `stoppress_blog` with the name of the blog. Its entry follows the post: an
 * update changes the entry, and a post that is no longer public retracts it.
 *
 * Show a blog: the block "Live blog", or the shortcode [stoppress blog="council"].
 */

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

const STOPPRESS_BLOG_FIELD  = 'stoppress_blog';
const STOPPRESS_ENTRY_FIELD = '_stoppress_entry';
const STOPPRESS_ERROR_FIELD = '_stoppress_error';

/**
 * Send a request to the editors' API. Send it again, with the same Idempotency-Key, if there is no answer.
 *
 * @param string     $method POST, PATCH or DELETE.
 * @param string     $path   The address, from /api/ on.
 * @param array|null $body   The fields.
 * @return array|WP_Error The answer: its status, its Location and its fields.
 */
function stoppress_request( $method, $path, $body = null ) {
	$arguments = array(
		'method'      => $method,
		'timeout'     => 10,
		'redirection' => 0,
		'headers'     => array(
			'Authorization'   => 'Bearer ' . STOPPRESS_API_KEY,
			'Content-Type'    => 'application/json',
			'Idempotency-Key' => 'wordpress-' . wp_generate_uuid4(),
		),
	);
	if ( null !== $body ) {
		$arguments['body'] = wp_json_encode( (object) $body );
	}
	$answer = null;
	for ( $attempt = 0; $attempt < 3; $attempt++ ) {
		$answer = wp_remote_request( rtrim( STOPPRESS_URL, '/' ) . $path, $arguments );
		$status = is_wp_error( $answer ) ? 0 : (int) wp_remote_retrieve_response_code( $answer );
		if ( 0 !== $status && ! in_array( $status, array( 429, 502, 503, 504 ), true ) ) {
			break;
		}
		sleep( 1 );
	}
	if ( is_wp_error( $answer ) ) {
		return $answer;
	}
	$fields = json_decode( wp_remote_retrieve_body( $answer ), true );
	$status = (int) wp_remote_retrieve_response_code( $answer );
	if ( $status >= 300 ) {
		$detail = is_array( $fields ) && isset( $fields['detail'] ) ? $fields['detail'] : 'status ' . $status;
		return new WP_Error( 'stoppress_' . $status, $detail );
	}
	return array(
		'status'   => $status,
		'location' => wp_remote_retrieve_header( $answer, 'location' ),
		'fields'   => $fields,
	);
}

/**
 * Return the fields of the entry of a post.
 *
 * @param WP_Post $post The post.
 * @return array
 */
function stoppress_entry_of( $post ) {
	$author = get_the_author_meta( 'display_name', $post->post_author );
	$entry  = array(
		'title' => wp_strip_all_tags( html_entity_decode( get_the_title( $post ), ENT_QUOTES, 'UTF-8' ) ),
		'html'  => apply_filters( 'the_content', $post->post_content ),
		'tags'  => wp_get_post_tags( $post->ID, array( 'fields' => 'names' ) ),
	);
	if ( $author ) {
		$entry['authors'] = array( array( 'name' => $author ) );
	}
	return apply_filters( 'stoppress_entry', $entry, $post );
}

/**
 * Create, change or retract the entry of a post.
 *
 * @param int     $post_id The post's number.
 * @param WP_Post $post    The post.
 */
function stoppress_follow_post( $post_id, $post ) {
	$blog  = get_post_meta( $post_id, STOPPRESS_BLOG_FIELD, true );
	$entry = get_post_meta( $post_id, STOPPRESS_ENTRY_FIELD, true );
	if ( wp_is_post_revision( $post_id ) || ( ! $blog && ! $entry ) ) {
		return;
	}
	$is_public = 'publish' === $post->post_status && '' === $post->post_password;
	if ( $is_public && $entry ) {
		$answer = stoppress_request( 'PATCH', $entry, stoppress_entry_of( $post ) );
	} elseif ( $is_public ) {
		$answer = stoppress_request( 'POST', '/api/blogs/' . rawurlencode( $blog ) . '/entries', stoppress_entry_of( $post ) );
		if ( ! is_wp_error( $answer ) ) {
			update_post_meta( $post_id, STOPPRESS_ENTRY_FIELD, $answer['location'] );
		}
	} elseif ( $entry ) {
		$answer = stoppress_request( 'DELETE', $entry );
		if ( ! is_wp_error( $answer ) ) {
			delete_post_meta( $post_id, STOPPRESS_ENTRY_FIELD );
		}
	} else {
		return;
	}
	if ( is_wp_error( $answer ) ) {
		update_post_meta( $post_id, STOPPRESS_ERROR_FIELD, $answer->get_error_message() );
	} else {
		delete_post_meta( $post_id, STOPPRESS_ERROR_FIELD );
	}
}

/**
 * Retract the entry of a post that is deleted for good.
 *
 * @param int $post_id The post's number.
 */
function stoppress_forget_post( $post_id ) {
	$entry = get_post_meta( $post_id, STOPPRESS_ENTRY_FIELD, true );
	if ( $entry ) {
		stoppress_request( 'DELETE', $entry );
	}
}

/**
 * Say at the post what went wrong with its entry.
 */
function stoppress_show_error() {
	$post  = get_post();
	$error = $post ? get_post_meta( $post->ID, STOPPRESS_ERROR_FIELD, true ) : '';
	if ( $error ) {
		echo '<div class="notice notice-error"><p>Stoppress: ' . esc_html( $error ) . '</p></div>';
	}
}

/**
 * Return the element that shows a live blog.
 *
 * @param array $attributes The name of the blog as `blog`, and its language as `lang`.
 * @return string
 */
function stoppress_element( $attributes ) {
	$attributes = shortcode_atts( array( 'blog' => '', 'lang' => '' ), $attributes, 'stoppress' );
	if ( ! preg_match( '/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/D', $attributes['blog'] ) ) {
		return '';
	}
	$server = rtrim( STOPPRESS_URL, '/' );
	$page   = $server . '/blogs/' . $attributes['blog'];
	$lang   = $attributes['lang'] ? $attributes['lang'] : substr( get_bloginfo( 'language' ), 0, 2 );
	wp_enqueue_script( 'stoppress-element', $server . '/client/element.js', array(), null, true );
	return '<live-blog src="' . esc_url( $page ) . '" lang="' . esc_attr( $lang ) . '">'
		. '<a href="' . esc_url( $page ) . '">' . esc_html__( 'Live blog', 'stoppress' ) . '</a></live-blog>';
}

/**
 * Load the script of the element as a module.
 *
 * @param string $tag    The script element.
 * @param string $handle Its name.
 * @return string
 */
function stoppress_as_module( $tag, $handle ) {
	return 'stoppress-element' === $handle ? str_replace( '<script ', '<script type="module" ', $tag ) : $tag;
}

/**
 * Register the block and the shortcode.
 */
function stoppress_register() {
	add_shortcode( 'stoppress', 'stoppress_element' );
	wp_register_script(
		'stoppress-block',
		plugins_url( 'block.js', __FILE__ ),
		array( 'wp-blocks', 'wp-element', 'wp-components' ),
		'1.0',
		true
	);
	register_block_type(
		'stoppress/live-blog',
		array(
			'api_version'           => 2,
			'title'                 => 'Live blog',
			'category'              => 'embed',
			'attributes'            => array( 'blog' => array( 'type' => 'string', 'default' => '' ) ),
			'editor_script_handles' => array( 'stoppress-block' ),
			'render_callback'       => 'stoppress_element',
		)
	);
}

if ( defined( 'STOPPRESS_URL' ) && defined( 'STOPPRESS_API_KEY' ) ) {
	add_action( 'wp_after_insert_post', 'stoppress_follow_post', 10, 2 );
	add_action( 'before_delete_post', 'stoppress_forget_post' );
	add_action( 'admin_notices', 'stoppress_show_error' );
	add_action( 'init', 'stoppress_register' );
	add_filter( 'script_loader_tag', 'stoppress_as_module', 10, 2 );
}
