/** Light or dark? The system decides until the person chooses; the choice stays in this browser. */

export type Theme = "system" | "light" | "dark";

const KEY = "steelyard.theme";

export function storedTheme(): Theme {
  const stored = localStorage.getItem(KEY);
  return stored === "light" || stored === "dark" ? stored : "system";
}

export function applyTheme(theme: Theme = storedTheme()): void {
  // An attribute, for which tokens.css has a rule each: the built CSS carries a light-dark() that older browsers know.
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export function storeTheme(theme: Theme): void {
  if (theme === "system") localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, theme);
  applyTheme(theme);
}
