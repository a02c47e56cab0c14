/**
 * Single-key shortcuts. They never act while someone types or a dialog is open, and can be switched off (WCAG 2.1.4).
 * Knows no page: components bring their own keys, the highest layer wins.
 */
import { useEffect, useRef, useSyncExternalStore } from 'react';

/** "j", "A" (with Shift), ".", named keys in lower case ("enter", "escape", "arrowdown"), or a sequence "g a". */
export type KeyMap = Readonly<Record<string, () => void>>;

const sequenceMs = 1_500;
const settingName = 'hinomi.shortcuts';
/** Ordered by layer, then by age. */
const maps: { readonly layer: number; readonly held: { current: KeyMap } }[] = [];
const settingListeners = new Set<() => void>();
let prefix: { readonly key: string; readonly atMs: number } | undefined;

/** The key as a name in a KeyMap; under a kana layout the letter that is printed on the key. */
export function keyName(event: Pick<KeyboardEvent, 'key' | 'code' | 'shiftKey'>): string {
  const letter = /^Key([A-Z])$/.exec(event.code)?.[1];
  if (letter !== undefined && !/^[A-Za-z]$/.test(event.key)) return event.shiftKey ? letter : letter.toLowerCase();
  return event.key.length > 1 ? event.key.toLowerCase() : event.key;
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) {
    return true;
  }
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button'].includes(target.type);
}

function actsByItself(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('a[href], button, summary, input, select, textarea') !== null;
}

function find(key: string): (() => void) | undefined {
  for (let at = maps.length - 1; at >= 0; at -= 1) {
    const map = maps[at]?.held.current;
    if (map !== undefined && Object.hasOwn(map, key)) return map[key];
  }
  return undefined;
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector('dialog[open]') !== null) return;
  const key = keyName(event);
  if (isTyping(event.target)) {
    if (key === 'escape') (event.target as HTMLElement).blur();
    return;
  }
  if ((key === 'enter' || key === ' ') && actsByItself(event.target)) return;
  if (key !== 'escape' && key !== 'enter' && !shortcutsOn()) return;

  const before = prefix !== undefined && performance.now() - prefix.atMs < sequenceMs ? prefix.key : undefined;
  prefix = undefined;
  const act = (before === undefined ? undefined : find(`${before} ${key}`)) ?? find(key);
  if (act !== undefined) {
    event.preventDefault();
    act();
  } else if (maps.some((map) => Object.keys(map.held.current).some((name) => name.startsWith(`${key} `)))) {
    prefix = { key, atMs: performance.now() };
  }
}

/** Brings keys into effect while the component is there. Of two maps with the same key the higher layer wins: 0 shell, 1 page, 2 panel. */
export function useKeys(map: KeyMap, layer: 0 | 1 | 2 = 1): void {
  const held = useRef(map);
  useEffect(() => {
    held.current = map;
  });
  useEffect(() => {
    if (maps.length === 0) document.addEventListener('keydown', onKeyDown);
    const entry = { layer, held };
    const above = maps.findIndex((other) => other.layer > layer);
    maps.splice(above === -1 ? maps.length : above, 0, entry);
    return () => {
      maps.splice(maps.indexOf(entry), 1);
      if (maps.length === 0) document.removeEventListener('keydown', onKeyDown);
    };
  }, [layer]);
}

export function shortcutsOn(): boolean {
  return localStorage.getItem(settingName) !== 'off';
}

export function useShortcutSetting(): readonly [boolean, (on: boolean) => void] {
  const on = useSyncExternalStore((listener) => {
    settingListeners.add(listener);
    return () => settingListeners.delete(listener);
  }, shortcutsOn);
  return [
    on,
    (next) => {
      localStorage.setItem(settingName, next ? 'on' : 'off');
      for (const listener of settingListeners) listener();
    },
  ];
}
