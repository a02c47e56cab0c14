/** Small line icons, drawn here so that nothing is fetched. Decoration only: the words stand beside them. */
const paths = {
  check: 'M3 8.5 6.500 12 13 4.500',
  x: 'M4 4l8 8M12 4l-8 8',
  chevron: 'M6 3.500 10.500 8 6 12.500',
  down: 'M3.500 6 8 10.500 12.500 6',
  person: 'M8 8a2.700 2.700 0 1 0 0-5.400A2.700 2.700 0 0 0 8 8zM3 14c.4-3 2.400-4.500 5-4.500s4.600 1.500 5 4.500',
  link: 'M6.500 9.500 9.500 6.500M7 4.500l1.300-1.300a3 3 0 0 1 4.500 4.500L11.500 9M9 11.500l-1.300 1.300a3 3 0 0 1-4.500-4.500L4.500 7',
  search: 'M7 11.500a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9zM10.500 10.500 14 14',
  replay: 'M3 8a5 5 0 1 1 1.600 3.700M3 13v-3h3',
  help: 'M5.800 6a2.200 2.200 0 1 1 3.300 1.900c-.7.4-1.100.9-1.100 1.700M8 12.200v.1',
  plus: 'M8 3.500v9M3.500 8h9',
  minus: 'M3.500 8h9',
  only: 'M8 13a5 5 0 1 0 0-10 5 5 0 0 0 0 10zM8 8v.1',
  copy: 'M5.500 5.500h7v7h-7zM3.500 10.500v-7h7',
  clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.800V8l2.300 1.500',
  comment: 'M3 3.500h10v7H7.500L4.500 13v-2.500H3z',
  pen: 'M3 13l.6-2.600L10.700 3.300l2 2L5.600 12.400z',
} as const;

export type IconName = keyof typeof paths;

export function Icon(props: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={paths[props.name]} />
    </svg>
  );
}

/** The fire-watch tower of the name, with its bell. */
export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path className="logo-roof" d="M5 11 16 4l11 7z" />
      <path className="logo-frame" d="M11 12 8 28M21 12l3 16M10 18h12M9 23.500h14" />
      <circle className="logo-bell" cx="16" cy="14.600" r="2.500" />
    </svg>
  );
}
