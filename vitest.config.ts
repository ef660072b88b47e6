import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/support/core.ts"],
    // Wire tests start servers and child processes; two cores are shared with them.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ["default"],
  },
});
