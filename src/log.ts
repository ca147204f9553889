import { createLogger, format, type Logger, transports } from 'winston';

export type { Logger } from 'winston';

/** JSON lines on stderr: stdout belongs to a command's result. */
export function jsonLogger(level: string, stream: NodeJS.WritableStream = process.stderr): Logger {
  return createLogger({
    level,
    format: format.combine(format.timestamp(), format.json()),
    transports: [new transports.Stream({ stream })],
  });
}

export function silentLogger(): Logger {
  return createLogger({ silent: true });
}
