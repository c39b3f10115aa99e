/** What does this browser keep for a person? One localStorage entry a thing, so that two tabs never overwrite each other. */

const PREFIX = "steelyard";

export const storeKey = (...parts: string[]): string => [PREFIX, ...parts].join(":");

export function readStored<T>(key: string): T | null {
  try {
    const text = localStorage.getItem(key);
    return text === null ? null : (JSON.parse(text) as T);
  } catch {
    return null;
  }
}

/** False when the browser did not keep it (storage full or forbidden): the caller then holds it in memory alone. */
export function writeStored(key: string, value: unknown): boolean {
  try {
    localStorage.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export function dropStored(key: string): void {
  try {
    localStorage.removeItem(key);
  } catch {
    // Forbidden storage holds nothing to remove.
  }
}

export function storedUnder<T>(...parts: string[]): T[] {
  const prefix = `${storeKey(...parts)}:`;
  const found: T[] = [];
  try {
    for (let index = 0; index < localStorage.length; index++) {
      const key = localStorage.key(index);
      if (key === null || !key.startsWith(prefix)) continue;
      const value = readStored<T>(key);
      if (value !== null) found.push(value);
    }
  } catch {
    return found;
  }
  return found;
}

/** 128 random bits in hex; crypto.randomUUID is missing on pages served over plain http in a local network. */
export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
