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

export function hourOf(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? time : clock.format(date);
}
