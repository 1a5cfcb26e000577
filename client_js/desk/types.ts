import type { Api, Session } from "./api.js";

/** An entry as editors get it. Times are RFC 3339 in UTC. */
export interface StoredEntry {
  id: string;
  version: number;
  seq?: number;
  status: "draft" | "scheduled" | "published" | "retracted";
  title?: string;
  markdown?: string;
  html?: string;
  text?: string;
  authors?: { name: string; url?: string }[];
  key?: boolean;
  pinned?: boolean;
  breaking?: boolean;
  tags?: string[];
  source?: { name: string; url?: string };
  media?: Record<string, unknown>[];
  published_at?: string;
  updated_at?: string;
  event_at?: string;
  publish_at?: string;
  expires_at?: string;
  corrections?: { text: string; at: string }[];
  retracted_at?: string;
  note?: string;
  created_by?: string;
  submitted?: boolean;
  remark?: string;
  warnings?: string[];
}

/** An entry of the desk's stream; `html` is the article as readers see it. */
export interface DeskEntry {
  entry: StoredEntry;
  version: number;
  html: string;
}

/** What an editor wants to send, and what is there instead. */
export interface EntryConflict {
  /** The id of the entry. */
  id: string;
  /** The fields that the editor has written. */
  mine: Partial<StoredEntry>;
  /** The entry as the server has it. */
  theirs: StoredEntry;
  /** The version of `theirs`. */
  version: number;
}

/** What the desk of a blog gives its parts. */
export interface Desk {
  api: Api;
  blog: string;
  session: Session;
  language: string;
  /** `ltr` or `rtl`. */
  direction: string;
  timezone: string;
  /** A random id of this tab. */
  tab: string;
  mayPublish: boolean;
  /** Seconds in which a publication can be taken back; 0: none. */
  undoSeconds: number;
  /** Have a screen reader say a text. */
  announce(text: string): void;
  /** Show a message for a while. */
  say(text: string, kind?: "good" | "bad"): void;
  entry(id: string): DeskEntry | undefined;
  /** Read an older entry into the timeline. */
  load(id: string): Promise<DeskEntry | undefined>;
  tags(): string[];
  /** Show both versions. `null`: put off, both are kept. */
  resolveConflict(conflict: EntryConflict): Promise<"mine" | "theirs" | null>;
  /** Tell colleagues what this tab edits. */
  editing(what: string | null): void;
  /** Has the events `entry` with a `DeskEntry` and `gone` with an id as `detail`. */
  events: EventTarget;
}
