/** Titles come from rules, which are written in English and may say them in Japanese too. */
import { useCallback } from 'react';
import { usePreferences } from '../session.tsx';
import type { Language } from '../types.ts';

export interface Titled {
  readonly title: string;
  readonly titleJa?: string | null;
}

export function titleOf(doc: Titled, language: Language): string {
  return language === 'ja' && doc.titleJa ? doc.titleJa : doc.title;
}

/** titleOf in the reader's language. */
export function useTitle(): (doc: Titled) => string {
  const { language } = usePreferences();
  return useCallback((doc) => titleOf(doc, language), [language]);
}
