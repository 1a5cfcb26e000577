import { inputValue, momentOf } from "../ui/zones.js";

/** Fields of the header that the form has as they are. */
const PLAIN = ["headline", "standfirst", "language", "timezone", "status", "handover", "access"];

/** Times, which the form has in the zone of the blog. */
export const TIMES = ["coverage_start", "coverage_end", "public_from"];

/**
 * @param {HTMLFormElement} form
 * @param {string} name
 */
function field(form, name) {
  return /** @type {HTMLInputElement | null} */ (form.elements.namedItem(name));
}

/**
 * Put a header into the form.
 *
 * @param {HTMLFormElement} form
 * @param {any} header
 * @param {string} zone
 */
export function fill(form, header, zone) {
  const values = {
    ...Object.fromEntries(PLAIN.map((name) => [name, header[name] ?? ""])),
    ...Object.fromEntries(TIMES.map((name) => [name, header[name] ? inputValue(header[name], zone) : ""])),
    access: header.access ?? "public",
    image_url: header.image?.url ?? "",
    image_alt: header.image?.alt ?? "",
    image_credit: header.image?.credit ?? "",
  };
  for (const [name, value] of Object.entries(values)) {
    const input = field(form, name);
    if (input) input.value = value;
  }
}

/**
 * Return what the form says, in the fields of a header; null stands for none.
 *
 * @param {HTMLFormElement} form
 * @param {string} zone
 * @param {any} header the header that is in the form
 * @returns {Record<string, any>}
 */
export function written(form, zone, header) {
  /** @type {Record<string, any>} */
  const values = {};
  for (const name of PLAIN) {
    const input = field(form, name);
    if (input) values[name] = input.value.replaceAll("\r\n", "\n") || null;
  }
  for (const name of TIMES) {
    const input = field(form, name);
    if (input) values[name] = momentOf(input.value, zone)?.toISOString() ?? null;
  }
  if (values.access === "public") {
    delete values.public_from;
    if (!header.access) delete values.access;
  }
  values.image = image(form, header.image);
  return values;
}

/**
 * @param {HTMLFormElement} form
 * @param {any} before
 */
function image(form, before) {
  const text = (/** @type {string} */ name) => field(form, name)?.value.trim() ?? "";
  const url = text("image_url");
  if (!url) return null;
  const now = { ...(before?.url === url ? before : { type: "image", url }), alt: text("image_alt"), credit: text("image_credit") };
  return Object.fromEntries(Object.entries(now).filter(([, value]) => value !== ""));
}
