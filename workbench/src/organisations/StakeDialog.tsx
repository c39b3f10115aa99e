/** Who holds a part of this provider or organisation? Recording a stake stops at once whatever conflicts with it; the preview says what. */

import { useState } from "react";
import type { Interest } from "../api/types";
import { Dialog } from "../app/Dialog";
import { folded } from "./names";
import { OrganisationInput } from "./OrganisationInput";
import { PreviewedForm, Wrong } from "./PreviewedForm";
import type { Preview } from "./types";
import { usePreviewed } from "./usePreviewed";

interface StakeDialogProps {
  /** What is held. */
  name: string;
  interests: Interest[];
  /** The stake to be altered; without it another is recorded. */
  stake?: Interest;
  /** Replaces the list of interests whole. */
  send: (interests: Interest[], preview: boolean) => Promise<Preview>;
  close: () => void;
}

export function StakeDialog({ name, interests, stake, send, close }: StakeDialogProps) {
  const [organisation, setOrganisation] = useState(stake?.organisation ?? "");
  const [percentShare, setPercentShare] = useState(stake === undefined ? "100" : String(Number((stake.share * 100).toPrecision(8))));
  const [since, setSince] = useState(stake?.since?.slice(0, 10) ?? "");
  const [ended, setEnded] = useState(false);
  const flow = usePreviewed(send);

  const read = (): Interest[] | Wrong => {
    const share = Number(percentShare.replace(",", ".")) / 100;
    if (organisation.trim() === "") return new Wrong("Name the organisation.");
    if (!ended && !(share > 0 && share <= 1)) return new Wrong("A share is more than 0 and at most 100 percent.");
    const others = interests.filter((interest) => folded(interest.organisation) !== folded(organisation));
    const recorded = ended ? others : [...others, { organisation: organisation.trim(), share, since: since === "" ? null : since }];
    return recorded.map((interest) => ({ ...interest, since: interest.since ?? null }));
  };
  const title = flow.done !== undefined ? "The stake is recorded" : stake === undefined ? `A stake in ${name}` : `The stake of ${stake.organisation} in ${name}`;
  return (
    <Dialog title={title} close={close}>
      <PreviewedForm flow={flow} read={read} confirm={ended ? "End the stake" : "Record the stake"}>
        <label htmlFor="stake-organisation">Organisation</label>
        <OrganisationInput id="stake-organisation" value={organisation} change={setOrganisation} readOnly={stake !== undefined} />
        <label htmlFor="stake-share">Share in percent</label>
        <input
          id="stake-share" type="text" inputMode="decimal" autoComplete="off" className="short" disabled={ended}
          value={percentShare} onChange={(event) => setPercentShare(event.target.value)}
        />
        <label htmlFor="stake-since">Since, if known</label>
        <input id="stake-since" type="date" className="short" disabled={ended} value={since} onChange={(event) => setSince(event.target.value)} />
        {stake !== undefined && (
          <label className="check">
            <input type="checkbox" checked={ended} onChange={(event) => setEnded(event.target.checked)} />
            It holds nothing any more
          </label>
        )}
      </PreviewedForm>
    </Dialog>
  );
}
