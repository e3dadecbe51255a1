<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Model;

use Magento\Framework\FlagManager;

/**
 * How sending stands, kept over requests: how often it failed in a row, until when to wait, and what was said last.
 */
class Condition
{
    public const FLAG = 'comeback_loyalty_condition';

    // After each failure in a row a longer wait, then hourly; reading the shop finds every change without us.
    private const STEPS = [60, 300, 900, 1800, 3600];

    private FlagManager $flags;

    private Clock $clock;

    /**
     * @param FlagManager $flags
     * @param Clock $clock
     */
    public function __construct(FlagManager $flags, Clock $clock)
    {
        $this->flags = $flags;
        $this->clock = $clock;
    }

    /**
     * Tell whether it is time for a try.
     *
     * @return bool
     */
    public function mayTry(): bool
    {
        return $this->clock->now() >= (int)$this->word('until', 0);
    }

    /**
     * Tell whether the last try went well; true also before the first.
     *
     * @return bool
     */
    public function isGood(): bool
    {
        return (int)$this->word('failures', 0) === 0;
    }

    /**
     * Tell whether Comeback knows neither address nor secret, so that somebody has to do something.
     *
     * @return bool
     */
    public function isRefused(): bool
    {
        return (bool)$this->word('refused', false);
    }

    /**
     * Return what was said at the last failure, empty when all is well.
     *
     * @return string
     */
    public function error(): string
    {
        return (string)$this->word('error', '');
    }

    /**
     * Take down that a message arrived.
     *
     * @return void
     */
    public function good(): void
    {
        if (!$this->isGood()) {
            $this->clear();
        }
    }

    /**
     * Take down a failure and wait the longer the more there were.
     *
     * @param Answer $answer
     * @return void
     */
    public function bad(Answer $answer): void
    {
        $failures = (int)$this->word('failures', 0) + 1;
        $step = self::STEPS[min($failures, count(self::STEPS)) - 1];
        if ($answer->isRefused()) {
            $step = self::STEPS[count(self::STEPS) - 1];
        }
        $this->flags->saveFlag(
            self::FLAG,
            [
                'failures' => $failures,
                'until' => $this->clock->now() + ($answer->wait() ?: $step),
                'refused' => $answer->isRefused(),
                'error' => $answer->words()
            ]
        );
    }

    /**
     * Forget the failures: the settings are new.
     *
     * @return void
     */
    public function clear(): void
    {
        $this->flags->deleteFlag(self::FLAG);
    }

    /**
     * Read one word of what is kept.
     *
     * @param string $name
     * @param int|bool|string $else
     * @return int|bool|string
     */
    private function word(string $name, $else)
    {
        $kept = $this->flags->getFlagData(self::FLAG);
        return is_array($kept) && isset($kept[$name]) ? $kept[$name] : $else;
    }
}
