/** The bytes of a rejected record as text in its declared encoding; bytes that do not fit it become U+FFFD. */

export function decodeRaw(base64: string, encoding: string): { readonly text: string; readonly bytes: number } {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  } catch {
    return { text: base64, bytes: base64.length };
  }
  return { text: new TextDecoder(encoding).decode(bytes), bytes: bytes.length };
}
