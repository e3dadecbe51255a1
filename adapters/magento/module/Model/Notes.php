<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Model;

use Psr\Log\LoggerInterface;

/**
 * Notes what changed on behalf of the observers; whatever goes wrong here, no checkout is to feel it.
 *
 * Before address and secret are saved nothing is noted: nobody would fetch it, and Comeback reads the shop by itself.
 */
class Notes
{
    private Settings $settings;

    private Queue $queue;

    private LoggerInterface $logger;

    /**
     * @param Settings $settings
     * @param Queue $queue
     * @param LoggerInterface $logger
     */
    public function __construct(Settings $settings, Queue $queue, LoggerInterface $logger)
    {
        $this->settings = $settings;
        $this->queue = $queue;
        $this->logger = $logger;
    }

    /**
     * Note an order that changed, or is gone.
     *
     * @param int|string|null $orderId
     * @param int|string|null $storeId
     * @param bool $gone
     * @return void
     */
    public function order($orderId, $storeId, bool $gone = false): void
    {
        try {
            $store = $this->number($storeId);
            if ($orderId && $this->settings->isReady() && $this->settings->isOnForStore($store)) {
                $this->queue->note(Message::ORDER, (int)$orderId, $gone);
            }
        } catch (\Throwable $error) {
            $this->logger->error('Comeback could not note an order: ' . $error->getMessage());
        }
    }

    /**
     * Note a customer who changed, or is gone; without a website what holds for the whole shop counts.
     *
     * @param int|string|null $customerId
     * @param int|string|null $websiteId
     * @param bool $gone
     * @return void
     */
    public function customer($customerId, $websiteId, bool $gone = false): void
    {
        try {
            $website = $this->number($websiteId);
            if ($customerId && $this->settings->isReady() && $this->settings->isOnForWebsite($website)) {
                $this->queue->note(Message::CUSTOMER, (int)$customerId, $gone);
            }
        } catch (\Throwable $error) {
            $this->logger->error('Comeback could not note a customer: ' . $error->getMessage());
        }
    }

    /**
     * Read a number that may be missing.
     *
     * @param int|string|null $said
     * @return int|null
     */
    private function number($said): ?int
    {
        return $said === null || $said === '' ? null : (int)$said;
    }
}
