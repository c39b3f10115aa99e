/** One button that goes through system, light and dark. */

import { useState } from "react";
import { storeTheme, storedTheme, type Theme } from "./theme";

const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };

export function ThemeSwitch() {
  const [theme, setTheme] = useState(storedTheme);
  const change = () => {
    const next = NEXT[theme];
    storeTheme(next);
    setTheme(next);
  };
  return (
    <button type="button" className="plain" onClick={change} title="Change the theme">
      Theme: {theme}
    </button>
  );
}
