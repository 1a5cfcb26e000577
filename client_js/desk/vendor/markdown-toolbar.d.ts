import "@github/markdown-toolbar-element";
export {};
