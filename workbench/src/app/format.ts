/** How are figures and times written? Once here, so that every page writes them alike. */

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const dateTime = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

export const count = (value: number | null | undefined): string => (value == null ? "–" : whole.format(value));

export const plural = (value: number, one: string, many = `${one}s`): string => `${count(value)} ${value === 1 ? one : many}`;

export function percent(part: number | null | undefined, digits = 1): string {
  return part == null ? "–" : `${(part * 100).toFixed(digits)} %`;
}

export function money(amount: string | null | undefined, currency: string | undefined): string {
  return amount == null ? "–" : `${amount} ${currency ?? ""}`.trim();
}

export function when(time: string | null | undefined): string {
  if (time == null) return "–";
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? time : dateTime.format(date);
}

const precise = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

/** A time to the second, where several things happen within a minute. */
export function moment(time: string | null | undefined): string {
  if (time == null) return "–";
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? time : precise.format(date);
}

export function hourOf(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? time : clock.format(date);
}

const date = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "UTC" });
const DAY_MS = 86_400_000;

/** The day of a time or a date; what is neither stays as it is. */
export function day(time: string | null | undefined): string {
  if (time == null) return "–";
  const parsed = new Date(time);
  return Number.isNaN(parsed.getTime()) ? time : date.format(parsed);
}

/** Whole days from now until a date; below zero when it has passed. */
export function daysUntil(time: string, now = Date.now()): number {
  return Math.ceil((new Date(time).getTime() - now) / DAY_MS);
}

/** How long between two times, or a number of milliseconds: "340 ms", "4.2 s", "3 min 20 s". */
export function lasting(ms: number | null | undefined): string {
  if (ms == null || Number.isNaN(ms)) return "–";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  return minutes < 60 ? `${minutes} min ${Math.round((ms % 60_000) / 1000)} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export const between = (from: string | null | undefined, to: string | null | undefined): string =>
  from == null || to == null ? "–" : lasting(new Date(to).getTime() - new Date(from).getTime());

/** A figure that is itself an estimate, with no more digits than it deserves. */
export function roughly(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 4;
  return new Intl.NumberFormat("en", { maximumFractionDigits: digits }).format(value);
}

const UNITS = ["B", "kB", "MB", "GB", "TB"];

export function bytes(size: number | null | undefined): string {
  if (size == null) return "–";
  const step = Math.min(UNITS.length - 1, size > 0 ? Math.floor(Math.log10(size) / 3) : 0);
  return `${roughly(size / 1000 ** step)} ${UNITS[step]}`;
}

/** A name as a machine writes it, for reading: "at_provider" is "at provider". */
export const spaced = (name: string): string => name.replace(/[_-]+/g, " ");
