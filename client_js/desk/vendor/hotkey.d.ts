export { eventToHotkeyString } from "@github/hotkey";
