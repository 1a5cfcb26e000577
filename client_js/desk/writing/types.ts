// The data of the writing part of the desk, as it is kept in the browser.

/** What is in the form, exactly as it was typed. */
export interface Words {
  /** Whether the body is Markdown, or the HTML of an entry that came without Markdown. */
  format: "markdown" | "html";
  body: string;
  title: string;
  /** Names, separated by commas. */
  authors: string;
  /** Tags, separated by commas. */
  tags: string;
  sourceName: string;
  sourceUrl: string;
  /** Local times of the blog, `YYYY-MM-DDTHH:MM:SS`, or empty. */
  eventAt: string;
  publishAt: string;
  expiresAt: string;
  key: boolean;
  breaking: boolean;
  pinned: boolean;
  media: Media[];
  /** Addresses of authors, by name. */
  authorUrls: Record<string, string>;
}

/** A picture, film, sound or embed, as in the editors' API. */
export interface Media {
  type: "image" | "video" | "audio" | "embed";
  url: string;
  alt?: string;
  caption?: string;
  credit?: string;
  width?: number;
  height?: number;
  /** Where the important part is, from the left and from the top: 0 to 1. */
  focus?: [number, number];
  sources?: unknown[];
}

/** The words for one new entry, or for an edit of one entry. */
export interface Draft {
  /** A UUID that the browser makes. */
  id: string;
  blog: string;
  /** The id of the entry that it edits, or `new`. */
  slot: string;
  /** The entry on the server, if it has one, and the version that the words are based on. */
  entry: string | null;
  version: number | null;
  status: string | null;
  /** The words of that version; null for a new entry. */
  base: Words | null;
  words: Words;
  /** The tab that writes, and the epoch that the server gave it; null until it has answered. */
  tab: string;
  epoch: number | null;
  /** Time of the last change, in milliseconds. */
  changed: number;
  /** It was sent or thrown away, and has no words any more. */
  isEnded?: boolean;
}

/** `publish`, `submit`, `draft`, `schedule` and `edit` come from the form; `act` is any other write. */
export type Kind = "publish" | "submit" | "draft" | "schedule" | "edit" | "act";

/** What a server said about a request that it did not carry out. */
export interface Problem {
  status: number;
  detail: string;
  field?: string;
  /** For 409: the draft that another tab has taken over, and its newest epoch; null: the server knows none any more. */
  draft?: string;
  epoch?: number | null;
  /** For 412: the current item and its version. */
  current?: any;
  version?: number;
}

/** A write that an editor wants. It is kept until the server has answered. */
export interface Intention {
  /** Its Idempotency-Key. */
  key: string;
  /** Intentions are sent in this order; null: the browser could not keep it. */
  order: number | null;
  kind: Kind;
  blog: string;
  /** A few words for the list. */
  label: string;
  method: string;
  path: string;
  /** The exact body: a repeated request must be the same to the byte. */
  body: string;
  ifMatch: string | null;
  /** For a write from the form: the draft, its epoch and its words. */
  draft: Draft | null;
  made: number;
  /** Time of the first attempt; null: the server cannot have it. */
  tried: number | null;
  state: "waiting" | "returned" | "conflict";
  problem: Problem | null;
}

/** What the answer to a request means for its intention. */
export type Verdict =
  | { kind: "done"; content: any; version: number | null; status: number }
  | { kind: "later"; seconds: number | null; detail: string; isFault?: boolean }
  | { kind: "who"; problem: Problem }
  | { kind: "returned"; problem: Problem }
  | { kind: "conflict"; problem: Problem };

/** The part of it that ends an intention. */
export type Outcome = Exclude<Verdict, { kind: "later" } | { kind: "who" }>;

export type Phase = "idle" | "sending" | "waiting" | "offline" | "signed-out" | "other-person";

/** Whose session the browser has: the same person's as this page's, nobody's, or another person's. */
export type Who = "same" | "none" | "other" | "unknown";

export type OutboxEvent =
  | { type: "queue"; intentions: Intention[] }
  | { type: "answered"; key: string; verdict: Verdict }
  | { type: "lost"; key: string }
  | { type: "session"; who: Who; token: string }
  | { type: "lead" | "online" | "offline" | "hurry" | "timer" };

/** What the machine wants done. */
export interface OutboxCommands {
  send(intention: Intention): void;
  settle(intention: Intention, outcome: Outcome): void;
  /** Ask the server whose session this is, and answer with a `session` event. */
  check(): void;
  /** Send a `timer` event after this time; Infinity: never. */
  wait(milliseconds: number): void;
  show(phase: Phase, retryAt: number | null, detail: string): void;
}
