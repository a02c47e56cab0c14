import { storyTests } from './story.ts';

storyTests(() => ({}));
