/** Which keys open this installation? A key is shown once, when it is made; a revoked one opens nothing. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { messageOf, remove } from "../api/client";
import { useKeyList } from "../api/queries";
import type { Key } from "../api/types";
import { Dialog } from "../app/Dialog";
import { when } from "../app/format";
import { Load } from "../app/Load";
import { Section, Status } from "../app/Page";
import { Scroll } from "../app/Table";
import { NewKeyDialog } from "./NewKeyDialog";

export function KeysSection() {
  const keys = useKeyList();
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Key | null>(null);
  return (
    <Section
      title="Keys"
      aside={
        <button type="button" onClick={() => setMaking(true)}>
          New key
        </button>
      }
    >
      <Load query={keys}>
        {({ items }) => (
          <Scroll label="Keys">
            <table>
              <caption className="visually-hidden">Keys</caption>
              <thead>
                <tr>
                  <th scope="col">Person</th>
                  <th scope="col">Role</th>
                  <th scope="col">World</th>
                  <th scope="col">Provider</th>
                  <th scope="col">Ends in</th>
                  <th scope="col">Made</th>
                  <th scope="col">
                    <span className="visually-hidden">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {items.map((key) => (
                  <tr key={key.id} className={key.revoked_at === null ? undefined : "faded"}>
                    <th scope="row">{key.name}</th>
                    <td>{key.role}</td>
                    <td>{key.mode}</td>
                    <td>{key.provider ?? ""}</td>
                    <td>
                      <code>{key.last4}</code>
                    </td>
                    <td className="nowrap">{when(key.created_at)}</td>
                    <td>
                      {key.revoked_at === null ? (
                        <button type="button" className="plain danger" onClick={() => setRevoking(key)}>
                          Revoke
                        </button>
                      ) : (
                        <Status value="revoked" />
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        )}
      </Load>
      {making && <NewKeyDialog close={() => setMaking(false)} />}
      {revoking !== null && <RevokeDialog revoked={revoking} close={() => setRevoking(null)} />}
    </Section>
  );
}

function RevokeDialog({ revoked, close }: { revoked: Key; close: () => void }) {
  const client = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => remove(`/api/keys/${encodeURIComponent(revoked.id)}`),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["keys"] });
      close();
    },
  });
  return (
    <Dialog title="Revoke this key?" close={close}>
      <p>
        The {revoked.role} key of {revoked.name} that ends in <code>{revoked.last4}</code> is refused from the next request on. This
        cannot be undone; a new key can be made.
      </p>
      {revoke.isError && (
        <p className="problem" role="alert">
          {messageOf(revoke.error)}
        </p>
      )}
      <footer>
        <button type="button" className="danger" disabled={revoke.isPending} onClick={() => revoke.mutate()}>
          Revoke the key
        </button>
      </footer>
    </Dialog>
  );
}
