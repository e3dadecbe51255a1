<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Model;

use Magento\Framework\App\ResourceConnection;
use Magento\Framework\DB\Adapter\AdapterInterface;

/**
 * What waits to be told: one row for each thing, however often it is saved.
 *
 * A row that travels carries the nonce of its message. Saved again meanwhile it loses it, waits anew, and is not
 * taken away when that message arrives.
 */
class Queue
{
    private const TABLE = 'comeback_loyalty_queue';
    // Whoever took rows and died leaves them to the next after this long; far longer than a try lasts.
    private const LEASE_SECONDS = 60;

    private ResourceConnection $resource;

    private Clock $clock;

    private bool $touched = false;

    /**
     * @param ResourceConnection $resource
     * @param Clock $clock
     */
    public function __construct(ResourceConnection $resource, Clock $clock)
    {
        $this->resource = $resource;
        $this->clock = $clock;
    }

    /**
     * Note that something changed, or is gone.
     *
     * @param string $kind Message::ORDER or Message::CUSTOMER
     * @param int $entityId
     * @param bool $gone
     * @return void
     */
    public function note(string $kind, int $entityId, bool $gone): void
    {
        $this->connection()->insertOnDuplicate(
            $this->table(),
            [
                'kind' => $kind,
                'entity_id' => $entityId,
                'gone' => (int)$gone,
                'nonce' => null,
                'tried_at' => null,
                'noted_at' => $this->clock->now()
            ],
            ['nonce', 'tried_at', 'noted_at']
        );
        $this->touched = true;
    }

    /**
     * Tell whether this request noted something that is not told yet.
     *
     * @return bool
     */
    public function isTouched(): bool
    {
        return $this->touched;
    }

    /**
     * Take the next message, an unfinished one first; nobody else gets it for a minute. Null when nothing waits.
     *
     * @param int $most
     * @return Message|null
     */
    public function next(int $most): ?Message
    {
        $this->touched = false;
        $nonce = $this->takeUnfinished() ?? $this->takeWaiting($most);
        return $nonce === null ? null : $this->message($nonce);
    }

    /**
     * Forget what travelled in this message, apart from what has changed since.
     *
     * @param string $nonce
     * @return void
     */
    public function done(string $nonce): void
    {
        $this->connection()->delete($this->table(), ['nonce = ?' => $nonce]);
    }

    /**
     * Forget what has waited for longer than this, and return how many rows that were.
     *
     * @param int $seconds
     * @return int
     */
    public function forgetOlderThan(int $seconds): int
    {
        return (int)$this->connection()->delete($this->table(), ['noted_at < ?' => $this->clock->now() - $seconds]);
    }

    /**
     * Return how many things wait.
     *
     * @return int
     */
    public function length(): int
    {
        $connection = $this->connection();
        return (int)$connection->fetchOne($connection->select()->from($this->table(), 'COUNT(*)'));
    }

    /**
     * Take up a message that somebody began and did not finish.
     *
     * @return string|null its nonce
     */
    private function takeUnfinished(): ?string
    {
        $connection = $this->connection();
        $now = $this->clock->now();
        $select = $connection->select()
            ->from($this->table(), ['nonce'])
            ->where('nonce IS NOT NULL')
            ->where('tried_at <= ?', $now - self::LEASE_SECONDS)
            ->order('queue_id ASC')
            ->limit(1);
        $nonce = (string)$connection->fetchOne($select);
        if ($nonce === '') {
            return null;
        }
        // Of two who found it only one moves its time.
        $taken = $connection->update(
            $this->table(),
            ['tried_at' => $now],
            ['nonce = ?' => $nonce, 'tried_at <= ?' => $now - self::LEASE_SECONDS]
        );
        return $taken > 0 ? $nonce : null;
    }

    /**
     * Put what waits into a new message.
     *
     * @param int $most
     * @return string|null its nonce
     */
    private function takeWaiting(int $most): ?string
    {
        $connection = $this->connection();
        $select = $connection->select()
            ->from($this->table(), ['queue_id'])
            ->where('nonce IS NULL')
            ->order('queue_id ASC')
            ->limit($most);
        $rows = $connection->fetchCol($select);
        if (!$rows) {
            return null;
        }
        $nonce = $this->newNonce();
        $taken = $connection->update(
            $this->table(),
            ['nonce' => $nonce, 'tried_at' => $this->clock->now()],
            ['queue_id IN (?)' => $rows, 'nonce IS NULL']
        );
        return $taken > 0 ? $nonce : null;
    }

    /**
     * Read the rows of a message.
     *
     * @param string $nonce
     * @return Message|null null where all of them have changed since
     */
    private function message(string $nonce): ?Message
    {
        $connection = $this->connection();
        $select = $connection->select()
            ->from($this->table(), ['kind', 'entity_id', 'gone'])
            ->where('nonce = ?', $nonce)
            ->order('queue_id ASC');
        $things = [];
        foreach ($connection->fetchAll($select) as $row) {
            $things[] = [
                'kind' => (string)$row['kind'],
                'entity_id' => (int)$row['entity_id'],
                'gone' => (bool)(int)$row['gone']
            ];
        }
        return $things ? new Message($nonce, $things) : null;
    }

    /**
     * Make a number that was never used.
     *
     * @return string 32 hexadecimal digits
     */
    public function newNonce(): string
    {
        return bin2hex(random_bytes(16));
    }

    /**
     * @return AdapterInterface
     */
    private function connection(): AdapterInterface
    {
        return $this->resource->getConnection();
    }

    /**
     * @return string
     */
    private function table(): string
    {
        return $this->resource->getTableName(self::TABLE);
    }
}
