import { DIMENSIONS, FIELD_OF_WIRE_NAME } from '@tallystick/core/event'
import { expect, test } from 'vitest'
import { dimensionLabel, fieldGroup, fieldLabel, GROUP_LABELS, inSentence, shorten, valueLabel } from './words.ts'

test('dimensions have the labels of their table, tags their key', () => {
  expect(DIMENSIONS.map(({ name }) => dimensionLabel(name))).toEqual(DIMENSIONS.map(({ label }) => label))
  expect(dimensionLabel('tags.team')).toBe('Tag team')
})

test('inside a sentence labels begin small, abbreviations do not', () => {
  expect(['Model', 'API key', 'MCP', 'Tag Team'].map(inSentence)).toEqual(['model', 'API key', 'MCP', 'Tag Team'])
})

test('absent and yes-or-no values are words', () => {
  expect([
    valueLabel('model', null),
    valueLabel('stream', true),
    valueLabel('success', false),
    valueLabel('status_code', 429),
  ]).toEqual(['none', 'yes', 'no', '429'])
})

test('fields of an event read as words, without their unit', () => {
  expect(['cost_nano_usd', 'ttfb_ms', 'cache_write_1h_tokens', 'api_key_id'].map(fieldLabel)).toEqual([
    'Cost',
    'Time to first byte',
    'Cache write (1 h) tokens',
    'API key id',
  ])
})

test('every field of the table has a group; what is not in it goes with the rest', () => {
  for (const name of FIELD_OF_WIRE_NAME.keys()) expect(GROUP_LABELS[fieldGroup(name)]).toBeTruthy()
  expect(fieldGroup('constructor')).toBe('trace')
})

test('long names lose their middle', () => {
  expect(shorten('custom-model-with-a-long-name-23', 20)).toBe('custom-mod…g-name-23')
  expect(shorten('gpt-4o', 20)).toBe('gpt-4o')
  expect([...shorten('👩‍🚀👩‍🚀👩‍🚀👩‍🚀👩‍🚀', 5)].length).toBe(5)
})
