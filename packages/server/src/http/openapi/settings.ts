import { jsonAnswer, type RouteDoc } from './route-doc.ts'
import { array, flag, integer, object, orNull, type Schema, text } from './schema.ts'

/** What the API page says about the settings of a server. */

const VALUE: Schema = {
  anyOf: [{ type: ['string', 'number', 'boolean', 'null'] }, { type: 'array', items: { type: 'string' } }],
  description: 'Of a secret `***` where it is set, else null.',
}

export const SETTINGS_DOC: RouteDoc = {
  tag: 'Operations',
  description:
    'The effective configuration with where each value came from. Secrets, and passwords within addresses, are never shown.',
  answers: {
    200: jsonAnswer(
      'The settings',
      object({
        configuration: {
          ...orNull(
            object({
              file: orNull(text('The configuration file that was read.')),
              settings: array(
                object({
                  key: text(),
                  value: VALUE,
                  source: { type: 'string', enum: ['flag', 'environment', 'file', 'default'] },
                  variable: text('The variable it can be given by, or came from.'),
                  flag: orNull(text()),
                  secret: flag(),
                  about: text(),
                }),
              ),
            }),
          ),
          description: 'Null where the server is embedded in an application.',
        },
        data_dir: orNull(
          object({
            path: text(),
            bytes: integer('All that is in it.'),
            parts: array(object({ name: text(), bytes: integer() }), 'By entry, the greatest first.'),
          }),
        ),
        upkeep: orNull(
          object(
            {
              at_ms: integer('When retention last ran.'),
              events_dropped: integer('By that run.'),
              problem: orNull(text('Why it failed, where it did.')),
            },
            { description: 'Null before the first run.' },
          ),
        ),
      }),
      {
        configuration: {
          file: '/etc/tallystick/tallystick.config.json',
          settings: [
            {
              key: 'http.port',
              value: 8088,
              source: 'default',
              variable: 'TALLYSTICK_PORT',
              flag: '--port',
              secret: false,
              about: 'Port to listen on; 0 takes a free one.',
            },
          ],
        },
        data_dir: { path: '/var/lib/tallystick', bytes: 52_428_800, parts: [{ name: 'journal', bytes: 41_943_040 }] },
        upkeep: { at_ms: 1_795_262_400_000, events_dropped: 0, problem: null },
      },
    ),
  },
  errors: ['forbidden'],
}
