/** `npm run build`: dist/karst.js for Node 26, with native packages left outside. */
import { readFileSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { root, sourceFiles } from './source-files.ts'

/** Packages with binaries, or that find files of their own by path: they stay in node_modules. */
const external = ['@node-rs/crc32', 'snappy']

/** Bundled CommonJS packages ask for `require`. */
const requireBanner =
  "import { createRequire as karstCreateRequire } from 'node:module';" +
  'const require = karstCreateRequire(import.meta.url);'

const workers = sourceFiles('src').filter(({ path }) => path.endsWith('-worker.ts'))
const nameOf = (path: string): string => basename(path, '.ts')

/** A worker is named by the URL of its source; in dist all lie side by side. */
const workerUrls: Plugin = {
  name: 'worker-urls',
  setup(plugin) {
    plugin.onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => ({
      loader: 'ts',
      contents: readFileSync(path, 'utf8').replace(
        /new URL\(\s*'[^']*?([^/']+-worker)\.ts',\s*import\.meta\.url,?\s*\)/g,
        "new URL('./$1.js', import.meta.url)",
      ),
    }))
  },
}

rmSync(join(root, 'dist'), { recursive: true, force: true })
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: [
    { in: 'src/main.ts', out: 'karst' },
    ...workers.map(({ path }) => ({ in: path, out: nameOf(path) })),
  ],
  outdir: 'dist',
  bundle: true,
  splitting: true,
  chunkNames: '[name]-[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node26',
  external,
  plugins: [workerUrls],
  banner: { js: requireBanner },
  keepNames: true,
  minifySyntax: true,
  legalComments: 'linked',
  metafile: true,
  logLevel: 'warning',
})
for (const file of Object.keys(metafile.outputs)) {
  console.log(`${file} ${(statSync(join(root, file)).size / 1024).toFixed(0)} KiB`)
}
