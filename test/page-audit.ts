/** What a page must have to be read and worked by all. Runs in the browser: it may use nothing from outside of itself. */

/** Texts of too little contrast (WCAG 1.4.3), controls without a name (4.1.2). */
export function audit(): string[] {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  if (canvas === null) return ['no canvas'];
  const paint = (colors: readonly string[]): number[] => {
    canvas.clearRect(0, 0, 1, 1);
    for (const color of colors) {
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
    }
    return [...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  };
  const luminance = (rgb: readonly number[]) => {
    const [r = 0, g = 0, b = 0] = rgb.map((part) => {
      const value = part / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const wrong = new Set<string>();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    const text = node.textContent?.trim() ?? '';
    if (element === null || text === '' || element.closest('.hidden-visually, noscript, option, svg title, .skip'))
      continue;
    if (element.closest(':disabled') !== null || !element.checkVisibility()) continue;
    const backgrounds: string[] = [];
    for (let at: Element | null = element; at !== null; at = at.parentElement) {
      backgrounds.unshift(getComputedStyle(at).backgroundColor);
    }
    const style = getComputedStyle(element);
    const color = element instanceof SVGElement ? style.fill : style.color;
    const ground = luminance(paint(backgrounds));
    const ink = luminance(paint([...backgrounds, color]));
    const ratio = (Math.max(ground, ink) + 0.05) / (Math.min(ground, ink) + 0.05);
    if (ratio < 4.5) wrong.add(`${ratio.toFixed(2)} ${element.className} ${text.slice(0, 30)}`);
  }
  for (const control of document.querySelectorAll<HTMLElement>('button, a[href], input, select, textarea, summary')) {
    const labels = (control as HTMLInputElement).labels ?? [];
    const named =
      control.getAttribute('aria-label') ?? [control, ...labels].map((one) => one.textContent?.trim() ?? '').join('');
    if (named === '') wrong.add(`no name: ${control.outerHTML.slice(0, 120)}`);
  }
  return [...wrong];
}
