/**
 * The shapes of what the server sends (docs/reference/protocol.md, "Messages to readers"). Types only: nothing is here at run time.
 *
 * Times are RFC 3339 in UTC with milliseconds, so that they sort as text. Fields without a value are left out.
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
 *
 * @typedef {object} Entry published, or what is left of a retracted one
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
 * In HTML, `html` is the whole article, and other members are left out but for what decides where and whether it is
 * shown; `corrected` says that there are corrections.
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
 * @property {Related[]} [related]
 *
 * @typedef {object} Update live delivery, catch-up and reset
 * @property {"update"} type
 * @property {string} blog
 * @property {string | null} from null makes it a reset
 * @property {string} cursor
 * @property {Header} [header]
 * @property {Record<string, string>} [parts] in HTML: markup of what is around the entries, by the names of parts
 * @property {Entry[]} entries ascending by seq
 * @property {boolean} [more]
 * @property {string} [older]
 *
 * @typedef {{type: "beat", cursor: string, from?: undefined}} Beat follows on nothing, so only its cursor counts
 * @typedef {{type: "retry", min: number, max: number}} Retry milliseconds
 * @typedef {Update | Beat | Retry} Message
 *
 * @typedef {object} Page entries from further down, newest first
 * @property {string} blog
 * @property {string} cursor
 * @property {Record<string, string>} [parts]
 * @property {Entry[]} entries
 * @property {string} [older]
 */
export {};
