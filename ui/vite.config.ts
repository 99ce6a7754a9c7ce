import { svelte } from "@sveltejs/vite-plugin-svelte";
import { svelteTesting } from "@testing-library/svelte/vite";
import { defineConfig } from "vitest/config";

// `vite build` makes the page of the window from index.html alone. `--mode preview` builds
// preview.html instead, into a folder that is never packaged.
export default defineConfig(({ mode }) => ({
  base: "./",
  plugins: [svelte(), svelteTesting()],
  build: {
    outDir: mode === "preview" ? "node_modules/.preview" : "dist",
    emptyOutDir: true,
    target: ["safari15", "chrome105"],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: { input: mode === "preview" ? "preview.html" : "index.html" },
  },
  test: { environment: "jsdom", include: ["tests/**/*.test.ts"], restoreMocks: true, env: { TZ: "UTC" } },
}));
