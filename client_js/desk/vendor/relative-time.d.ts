export * from "@github/relative-time-element";
