/** How is the command key written on this platform? */

export const commandKey: string = /Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘" : "Ctrl ";
