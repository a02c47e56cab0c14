/** Puts the console into the page. */
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { applyTheme } from './session.tsx';

applyTheme();
const place = document.getElementById('console');
if (place === null) throw new Error('index.html lacks #console');
createRoot(place).render(<App />);
