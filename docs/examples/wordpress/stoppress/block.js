// The block "Live blog" in the editor of WordPress: a field for the name of the blog.
(function (blocks, element, components) {
  const { createElement } = element;
  blocks.registerBlockType("stoppress/live-blog", {
    title: "Live blog",
    icon: "rss",
    category: "embed",
    attributes: { blog: { type: "string", default: "" } },
    edit: ({ attributes, setAttributes }) =>
      createElement(components.TextControl, {
        label: "Live blog: the name in its address",
        value: attributes.blog,
        onChange: (blog) => setAttributes({ blog }),
      }),
    save: () => null,
  });
})(window.wp.blocks, window.wp.element, window.wp.components);
