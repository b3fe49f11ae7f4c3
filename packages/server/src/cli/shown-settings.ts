import { type Config, shownValue } from '../config/config.ts'
import type { Configuration } from '../open.ts'

/** The effective configuration as `tallystick config` and `GET /api/v1/settings` show it. */
export function shownSettings(config: Config): Configuration {
  return {
    file: config.file ?? null,
    settings: [...config.settings.values()].map((setting) => ({
      key: setting.spec.key,
      value: shownValue(setting),
      source: setting.source,
      variable: setting.variable ?? setting.spec.env,
      flag: setting.spec.flag === undefined ? null : `--${setting.spec.flag}`,
      secret: setting.spec.type.of === 'secret',
      about: setting.spec.about,
    })),
  }
}
