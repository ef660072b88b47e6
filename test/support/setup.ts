/**
 * Vitest's setup. It runs before every test file, also where several share one worker and its modules; the host's module that it
 * brings is made once, for what the files' modules register with it is registered once.
 */
import "./core.ts";
