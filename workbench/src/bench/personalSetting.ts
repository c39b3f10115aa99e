/** What does this person like? Small switches, kept in this browser per person. */

import { useState } from "react";
import { readStored, storeKey, writeStored } from "./browserStore";

export function usePersonalSetting(person: string, name: string, otherwise: boolean): [boolean, (value: boolean) => void] {
  const key = storeKey("setting", person, name);
  const [value, setValue] = useState(() => readStored<boolean>(key) ?? otherwise);
  const change = (changed: boolean) => {
    writeStored(key, changed);
    setValue(changed);
  };
  return [value, change];
}
