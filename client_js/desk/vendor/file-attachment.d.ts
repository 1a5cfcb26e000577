import "@github/file-attachment-element";
export {};
