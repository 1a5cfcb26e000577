import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: ["dist/", "types/", "desk/vendor/"] },
  js.configs.recommended,
  {
    rules: {
      curly: ["error", "multi-line"],
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-console": "error", // a library in somebody else's page stays silent
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      // An underscore marks what an interface asks for and this implementation has no use for.
      "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
    },
  },
  { files: ["src/**", "desk/**", "examples/**", "tests/frameworks/**"], languageOptions: { globals: globals.browser } },
  { files: ["worker/**"], languageOptions: { globals: globals.serviceworker } },
  {
    files: ["tests/**", "scripts/**"],
    languageOptions: { globals: globals.node },
    rules: { "no-console": "off" },
  },
];
