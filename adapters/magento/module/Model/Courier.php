<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Model;

use Psr\Log\LoggerInterface;

/**
 * Carries what waits to Comeback, message by message, until nothing waits, time is up or a try fails.
 */
class Courier
{
    private const TRY_SECONDS = 5;

    private Settings $settings;

    private Queue $queue;

    private Sender $sender;

    private Condition $condition;

    private Clock $clock;

    private LoggerInterface $logger;

    /**
     * @param Settings $settings
     * @param Queue $queue
     * @param Sender $sender
     * @param Condition $condition
     * @param Clock $clock
     * @param LoggerInterface $logger
     */
    public function __construct(
        Settings $settings,
        Queue $queue,
        Sender $sender,
        Condition $condition,
        Clock $clock,
        LoggerInterface $logger
    ) {
        $this->settings = $settings;
        $this->queue = $queue;
        $this->sender = $sender;
        $this->condition = $condition;
        $this->clock = $clock;
        $this->logger = $logger;
    }

    /**
     * Send one small message right away, unless the last try failed: then it is left to the clock.
     *
     * @param int $most
     * @param int $seconds
     * @return void
     */
    public function deliverAtOnce(int $most, int $seconds): void
    {
        if ($this->settings->isReady() && $this->condition->isGood()) {
            $this->carryOne($most, $seconds);
        }
    }

    /**
     * Send all that waits, and return how many messages arrived.
     *
     * @param int $seconds after which no further message is begun
     * @return int
     */
    public function deliver(int $seconds): int
    {
        $arrived = 0;
        $end = $this->clock->now() + $seconds;
        if (!$this->settings->isReady() || !$this->condition->mayTry()) {
            return $arrived;
        }
        while ($this->clock->now() < $end && $this->carryOne(Message::MOST, self::TRY_SECONDS)) {
            $arrived++;
        }
        return $arrived;
    }

    /**
     * Send a message that says nothing but "this is a test", and return what came of it.
     *
     * @return Answer
     */
    public function test(): Answer
    {
        $answer = $this->sender->send(new Message($this->queue->newNonce(), [], true), self::TRY_SECONDS);
        if ($answer->isTaken()) {
            $this->condition->good();
        }
        return $answer;
    }

    /**
     * Carry the next message; false where none waits or it did not arrive.
     *
     * @param int $most
     * @param int $seconds
     * @return bool
     */
    private function carryOne(int $most, int $seconds): bool
    {
        $message = $this->queue->next($most);
        if ($message === null) {
            return false;
        }
        $answer = $this->sender->send($message, $seconds);
        if ($answer->isTaken()) {
            $this->queue->done($message->nonce());
            $this->condition->good();
            return true;
        }
        $this->logger->warning('Comeback did not take a hint: ' . $answer->words());
        if ($answer->isPointless()) {
            $this->queue->done($message->nonce());
        }
        $this->condition->bad($answer);
        return false;
    }
}
