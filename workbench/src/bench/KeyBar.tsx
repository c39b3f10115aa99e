/** What can be done with this task? Each button shows the key that presses it. */

import { commandKey } from "./commandKey";

interface KeyBarProps {
  submit: () => void;
  skip: () => void;
  ask: () => void;
  undo: (() => void) | null;
  zoom: (() => void) | null;
  zoomed: boolean;
  showSent: () => void;
  showKeys: () => void;
}

export function KeyBar({ submit, skip, ask, undo, zoom, zoomed, showSent, showKeys }: KeyBarProps) {
  return (
    <footer className="key-bar">
      <button type="button" onClick={skip}>
        Skip <kbd>S</kbd>
      </button>
      <button type="button" onClick={ask}>
        Ask <kbd>Q</kbd>
      </button>
      <button type="button" onClick={undo ?? undefined} disabled={undo === null}>
        Undo <kbd>{commandKey}Z</kbd>
      </button>
      {zoom !== null && (
        <button type="button" onClick={zoom} aria-pressed={zoomed}>
          Zoom <kbd>Z</kbd>
        </button>
      )}
      <button type="button" onClick={showSent}>
        Last answers <kbd>{commandKey}←</kbd>
      </button>
      <button type="button" onClick={showKeys}>
        Keys <kbd>?</kbd>
      </button>
      <span className="grow" />
      <button type="button" className="primary" onClick={submit}>
        Submit <kbd>Enter</kbd>
      </button>
    </footer>
  );
}
