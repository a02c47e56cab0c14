/** Language and colours: used in the frame and on the sign-in page. */
import { type Theme, usePreferences } from '../session.tsx';

export function LanguageButton() {
  const { language, setLanguage, text } = usePreferences();
  const other = language === 'ja' ? 'en' : 'ja';
  return (
    <button type="button" className="quiet" lang={other} onClick={() => setLanguage(other)}>
      {other === 'en' ? text.nav.toEnglish : text.nav.toJapanese}
    </button>
  );
}

export function ThemeSelect() {
  const { theme, setTheme, text } = usePreferences();
  return (
    <label className="field-inline">
      <span className="hidden-visually">{text.theme.label}</span>
      <select className="quiet" value={theme} onChange={(event) => setTheme(event.target.value as Theme)}>
        {(['auto', 'light', 'dark'] as const).map((name) => (
          <option key={name} value={name}>
            {text.theme[name]}
          </option>
        ))}
      </select>
    </label>
  );
}
