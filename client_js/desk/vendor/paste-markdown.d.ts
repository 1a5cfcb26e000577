export { subscribe } from "@github/paste-markdown";
export { DOMParser as Parser } from "../../scripts/trusted-parser.js";
