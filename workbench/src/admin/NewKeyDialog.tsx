/** For whom is this key, and what may it do? The key itself is shown here once and nowhere again. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { messageOf, post } from "../api/client";
import { useProviders } from "../api/queries";
import type { Role } from "../api/types";
import { Dialog } from "../app/Dialog";

const ROLES: [Role, string][] = [
  ["annotator", "answers tasks"],
  ["reviewer", "answers and reviews"],
  ["manager", "runs projects"],
  ["machine", "a program: sends tasks, reads results"],
  ["owner", "everything"],
];

export function NewKeyDialog({ close }: { close: () => void }) {
  const client = useQueryClient();
  const providers = useProviders();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("annotator");
  const [mode, setMode] = useState("live");
  const [provider, setProvider] = useState("");
  const [copied, setCopied] = useState(false);
  const make = useMutation({
    mutationFn: () =>
      post<{ id: string; key: string }>("/api/keys", {
        role,
        mode,
        ...(name.trim() === "" ? {} : { name: name.trim() }),
        ...(provider === "" ? {} : { provider }),
      }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["keys"] });
      void client.invalidateQueries({ queryKey: ["people"] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate();
  };

  if (make.data !== undefined) {
    const { key } = make.data;
    return (
      <Dialog title="The new key" close={close}>
        <p>Copy it now: it is not shown again.</p>
        <p>
          <input type="text" readOnly aria-label="The new key" className="code" value={key} onFocus={(event) => event.target.select()} />
        </p>
        <footer>
          <button
            type="button"
            className="primary"
            onClick={() => void navigator.clipboard?.writeText(key).then(() => setCopied(true), () => setCopied(false))}
          >
            {copied ? "Copied" : "Copy"}
          </button>
        </footer>
      </Dialog>
    );
  }
  return (
    <Dialog title="New key" close={close}>
      <form onSubmit={submit}>
        <label htmlFor="key-name">Person</label>
        <input id="key-name" type="text" autoComplete="off" placeholder="Named after the role unless said" value={name} onChange={(event) => setName(event.target.value)} />
        <label htmlFor="key-role">Role</label>
        <select id="key-role" value={role} onChange={(event) => setRole(event.target.value as Role)}>
          {ROLES.map(([value, meaning]) => (
            <option key={value} value={value}>
              {value}: {meaning}
            </option>
          ))}
        </select>
        <label htmlFor="key-mode">World</label>
        <select id="key-mode" value={mode} onChange={(event) => setMode(event.target.value)}>
          <option value="live">live</option>
          <option value="test">test</option>
        </select>
        <label htmlFor="key-provider">Provider</label>
        <select id="key-provider" value={provider} onChange={(event) => setProvider(event.target.value)}>
          <option value="">in-house</option>
          {(providers.data?.items ?? [])
            .filter((known) => known.slug !== "in-house")
            .map((known) => (
              <option key={known.slug} value={known.slug}>
                {known.name}
              </option>
            ))}
        </select>
        {make.isError && (
          <p className="problem" role="alert">
            {messageOf(make.error)}
          </p>
        )}
        <footer>
          <button type="submit" className="primary" disabled={make.isPending}>
            Make the key
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
