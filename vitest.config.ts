import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Files of few lines that take longest: by size they would come last, and the whole run would wait for one of them. */
const FIRST = ['store/clickhouse/clickhouse.test.ts', 'store/duckdb/duckdb.test.ts']

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isFirst = ({ moduleId }: TestSpecification): boolean => FIRST.some((name) => moduleId.endsWith(name))
    return [...sorted.filter(isFirst), ...sorted.filter((file) => !isFirst(file))]
  }
}

/** Tests read the TypeScript sources of the workspaces, never a stale build. */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^@tallystick\/core\/(.+)$/, replacement: `${source('./packages/core/src')}/$1/index.ts` },
      { find: /^@tallystick\/core$/, replacement: source('./packages/core/src/index.ts') },
      { find: /^tallystick$/, replacement: source('./packages/server/src/index.ts') },
    ],
  },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: [
      '**/node_modules/**',
      '**/dist/**',
      ...(process.env['TALLYSTICK_TEST_LONG'] ? [] : ['**/*.long.test.ts']),
    ],
    globalSetup: source('./test/temporary-folder.ts'),
    pool: 'forks',
    sequence: { sequencer: LongestFirst },
    // Loading the modules anew for each file took a third of the whole run. What a test changes of the process it puts back.
    isolate: false,
    // Of two cores: many tests wait for a process or a clock.
    maxWorkers: 3,
    testTimeout: 30_000,
    // What is waited for may wait for a busy machine.
    expect: { poll: { timeout: 10_000 } },
    hookTimeout: 60_000,
  },
})
