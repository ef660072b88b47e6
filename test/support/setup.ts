/**
 * Vitest's setup. It runs before every test file, even when several files share a worker and its modules. The host module
 * that it imports is created only once, since the files' modules register their functions only once.
 */
import "./core.ts";
