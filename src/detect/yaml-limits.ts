/** How much YAML a rule file may hold, whichever of the two readers takes it: beyond this it is an attack or a mistake. */
export const maxCharacters = 1_048_576;
/** Values of one document, aliases counted as written out. */
export const maxNodes = 200_000;
export const maxDepth = 24;
