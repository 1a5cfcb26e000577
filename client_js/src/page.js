// What the server's pages load.
import "./element.js";
