import "@github/text-expander-element";
export { default as Combobox } from "@github/combobox-nav";
