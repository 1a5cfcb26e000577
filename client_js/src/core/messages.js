/**
 * Types of the messages from the server (docs/reference/protocol.md, "Messages to readers").
 *
 * Times are RFC 3339 in UTC with milliseconds, so they sort as text. The server leaves out fields without a value.
 *
 * @typedef {{name: string, url?: string}} Person
 * @typedef {{name: string, url?: string}} Source
 * @typedef {{title: string, url: string}} Related
 * @typedef {{text: string, at: string}} Correction
 *
 * @typedef {object} Media
 * @property {"image" | "video" | "audio" | "embed"} type
 * @property {string} url
 * @property {string} [alt]
 * @property {string} [caption]
 * @property {string} [credit]
 * @property {number} [width] in pixels
 * @property {number} [height] in pixels
 * @property {ImageSource[]} [sources] other sizes and types of an image, the preferred types first
 * @property {[number, number]} [focus] the point of an image that matters most, as shares of its width and height
 *
 * @typedef {{url: string, width: number, height: number, type: string}} ImageSource
 *
 * @typedef {object} Entry a published entry, or what remains of a retracted one
 * @property {string} id
 * @property {number} seq
 * @property {number} version
 * @property {"published" | "retracted"} status
 * @property {string} [title]
 * @property {string} [html] sanitised by the server
 * @property {string} [text]
 * @property {Person[]} [authors]
 * @property {boolean} [key]
 * @property {boolean} [pinned]
 * @property {boolean} [breaking]
 * @property {string[]} [tags]
 * @property {Source} [source]
 * @property {Media[]} [media]
 * @property {string} published_at
 * @property {string} [updated_at]
 * @property {string} [event_at]
 * @property {Correction[]} [corrections]
 * @property {boolean} [corrected]
 * @property {string} [retracted_at]
 * @property {string} [note]
 *
 * In HTML, `html` is the whole article. Of the other fields, only those remain that decide where and whether to show
 * it; `corrected` says that there are corrections.
 *
 * @typedef {"scheduled" | "live" | "paused" | "ended"} BlogStatus
 *
 * @typedef {object} Header
 * @property {string} blog
 * @property {number} seq
 * @property {string} headline
 * @property {string} [standfirst]
 * @property {BlogStatus} status
 * @property {string} [language] a BCP 47 tag
 * @property {string} [dir] in HTML: the direction of its script
 * @property {string} [timezone]
 * @property {string} [coverage_start]
 * @property {string} [coverage_end]
 * @property {string} [url]
 * @property {Media} [image]
 * @property {Person[]} [authors]
 * @property {string[]} [tags]
 * @property {string} [pinned] the id of an entry
 * @property {string[]} [summary] the ids of key events, in their order
 * @property {Related[]} [related]
 *
 * @typedef {object} Update live delivery, catch-up and reset
 * @property {"update"} type
 * @property {string} blog
 * @property {string | null} from null in a reset
 * @property {string} cursor
 * @property {Header} [header]
 * @property {Record<string, string>} [parts] in HTML: the markup around the entries, by name of the part
 * @property {Entry[]} entries ascending by seq
 * @property {boolean} [more]
 * @property {string} [older]
 *
 * @typedef {{type: "beat", cursor: string, from?: undefined}} Beat shows where the head is
 * @typedef {{type: "retry", min: number, max: number}} Retry milliseconds
 * @typedef {Update | Beat | Retry} Message
 *
 * @typedef {object} Page a page of entries, newest first
 * @property {string} blog
 * @property {string} cursor
 * @property {Record<string, string>} [parts]
 * @property {Entry[]} entries
 * @property {string} [older]
 * @property {string} [newer]
 */
export {};
