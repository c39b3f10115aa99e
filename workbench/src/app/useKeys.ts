/** Which key does what here? One listener a component; a plain key never acts while a person is typing. */

import { useEffect, useLayoutEffect, useRef } from "react";

export type KeyAction = (event: KeyboardEvent) => void;
export type Keys = Record<string, KeyAction>;

/** Keys that keep their meaning inside a text field. */
const WHILE_TYPING = new Set(["Ctrl+Enter", "Escape"]);
const TEXTLESS = new Set(["button", "checkbox", "radio", "range", "submit", "reset", "file", "color"]);

function singleLine(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement && !TEXTLESS.has(target.type);
}

export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return singleLine(target) || target.isContentEditable || target.matches("textarea, select");
}

/** The name of a pressed key: "s", "1", "?", "Enter", "Ctrl+z"; Cmd counts as Ctrl. */
export function keyName(event: KeyboardEvent): string {
  const command = event.ctrlKey || event.metaKey;
  let key = event.key;
  if (key.length === 1) {
    key = key.toLowerCase();
    // Layouts whose digits need Shift, or whose letters are not Latin, are read by the place of the key.
    const digit = /^Digit(\d)$/.exec(event.code);
    const letter = /^Key([A-Z])$/.exec(event.code);
    const plainText = /^[ -~]$/.test(key);
    if (digit?.[1] && !event.shiftKey && !/\d/.test(key)) key = digit[1];
    else if (letter?.[1] && !plainText) key = letter[1].toLowerCase();
  }
  return command ? `Ctrl+${key}` : key;
}

export function useKeys(keys: Keys, enabled = true): void {
  const current = useRef(keys);
  useLayoutEffect(() => {
    current.current = keys;
  });
  useEffect(() => {
    if (!enabled) return;
    const listen = (event: KeyboardEvent) => {
      if (event.isComposing || event.repeat || event.altKey || event.defaultPrevented) return;
      if (document.querySelector("dialog[open]") !== null) return;
      const name = keyName(event);
      const action = current.current[name];
      if (action === undefined) return;
      const target = event.target;
      if (isTyping(target) && !WHILE_TYPING.has(name) && !(name === "Enter" && singleLine(target))) return;
      const pressesItself = target instanceof HTMLElement && target.closest("button, a, summary") !== null;
      if (name === "Enter" && pressesItself) return;
      event.preventDefault();
      action(event);
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, [enabled]);
}
