import { createElement, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Blog } from "./blog.js";

const src = new URLSearchParams(location.search).get("src") ?? "http://127.0.0.1:8000/blogs/karabakh";
createRoot(document.body).render(createElement(StrictMode, null, createElement(Blog, { src })));
