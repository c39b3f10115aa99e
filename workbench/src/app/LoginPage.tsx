/** Who are you? A key, or a one-time link /login?token=..., opens a session; the token leaves the address at once. */

import { useEffect, useState, type FormEvent } from "react";
import { useLocation, useSearch } from "wouter";
import { messageOf, post } from "../api/client";
import { replaceSession, useSession } from "../api/queries";
import type { Session } from "../api/types";
import { Logo } from "./Logo";
import { useTitle } from "./Page";

/** A link works once, and an effect may run twice: the exchange is asked for once a token. */
const exchanges = new Map<string, Promise<Session>>();

function exchange(token: string): Promise<Session> {
  const running = exchanges.get(token) ?? post<Session>("/api/session", { token });
  exchanges.set(token, running);
  return running;
}

/** Only a path of this site is followed after signing in. */
function safeNext(next: string | null): string {
  return next !== null && /^\/(?![/\\])/.test(next) ? next : "/";
}

export function LoginPage() {
  useTitle("Sign in");
  const session = useSession();
  const search = new URLSearchParams(useSearch());
  const next = safeNext(search.get("next"));
  const token = search.get("token");
  const [, go] = useLocation();
  const [key, setKey] = useState("");
  const [busy, setBusy] = useState(token !== null);
  const [problem, setProblem] = useState<string | null>(null);
  const ended = session.data?.ended === true;

  const enter = (answer: Session) => {
    setBusy(false);
    if (answer.person === null) {
      setProblem(answer.error ?? "That did not sign you in.");
      return;
    }
    replaceSession(answer);
    go(next, { replace: true });
  };
  const fail = (error: unknown) => {
    setBusy(false);
    setProblem(messageOf(error));
  };

  useEffect(() => {
    if (token === null) return;
    window.history.replaceState(null, "", next === "/" ? "/login" : `/login?next=${encodeURIComponent(next)}`);
    exchange(token).then(enter, fail);
    // The token is read once, when the page opens.
  }, []);

  const signedIn = session.data?.person != null;
  useEffect(() => {
    if (signedIn && !busy && token === null) go(next, { replace: true });
  }, [signedIn, busy, token, go, next]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (key.trim() === "") {
      setProblem("Enter your key.");
      return;
    }
    setBusy(true);
    setProblem(null);
    post<Session>("/api/session", { key: key.trim() }).then(enter, fail);
  };

  return (
    <main className="login">
      <form onSubmit={submit} noValidate>
        <h1>
          <Logo size={28} /> Steelyard
        </h1>
        {ended && <p className="notice">Your session has ended. Sign in again to go on; unsent answers are kept in this browser.</p>}
        <label htmlFor="key">Your key</label>
        <input
          id="key"
          type="password"
          autoComplete="current-password"
          autoFocus
          spellCheck={false}
          value={key}
          onChange={(event) => setKey(event.target.value)}
          aria-invalid={problem !== null}
          aria-describedby={problem === null ? undefined : "key-problem"}
        />
        {/* Password managers file a key under a name; the key itself stays the first field. */}
        <input type="text" name="username" autoComplete="username" value="steelyard" readOnly hidden />
        {problem !== null && (
          <p id="key-problem" className="problem" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" className="primary wide" disabled={busy}>
          {busy ? "Signing in" : "Sign in"} <kbd>Enter</kbd>
        </button>
        <p className="meta">
          No key yet? Whoever runs this installation makes one under Admin, or with <code>steelyard key create</code>.
        </p>
      </form>
    </main>
  );
}
