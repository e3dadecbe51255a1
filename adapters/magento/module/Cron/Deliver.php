<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Cron;

use Comeback\Loyalty\Model\Courier;
use Comeback\Loyalty\Model\Queue;
use Psr\Log\LoggerInterface;

/**
 * Every minute: what was not told at once, and what is due again.
 */
class Deliver
{
    private const SECONDS = 50;
    private const A_DAY = 86400;

    private Courier $courier;

    private Queue $queue;

    private LoggerInterface $logger;

    /**
     * @param Courier $courier
     * @param Queue $queue
     * @param LoggerInterface $logger
     */
    public function __construct(Courier $courier, Queue $queue, LoggerInterface $logger)
    {
        $this->courier = $courier;
        $this->queue = $queue;
        $this->logger = $logger;
    }

    /**
     * Deliver what waits, and give up what waited for a day: by then Comeback has read the shop itself.
     *
     * @return void
     */
    public function execute(): void
    {
        $this->courier->deliver(self::SECONDS);
        $lost = $this->queue->forgetOlderThan(self::A_DAY);
        if ($lost > 0) {
            $this->logger->warning('Comeback was not told of ' . $lost . ' changes within a day; they are not kept.');
        }
    }
}
