/** Is my work safe? One word, never in the way of the next task. */

interface SaveStateProps {
  unsaved: number;
  retrying: boolean;
  stored: boolean;
}

export function SaveState({ unsaved, retrying, stored }: SaveStateProps) {
  if (unsaved === 0) return <span className="save-state">Saved</span>;
  if (!retrying) return <span className="save-state">Saving</span>;
  return (
    <span className="save-state attention" role="status">
      {unsaved} unsaved, retrying
      {!stored && "; this browser could not store them: keep the page open"}
    </span>
  );
}
