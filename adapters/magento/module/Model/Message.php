<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Model;

/**
 * One message to Comeback: at most a hundred numbers of orders and customers, and nothing of what they say.
 */
class Message
{
    public const MOST = 100;
    public const ORDER = 'order';
    public const CUSTOMER = 'customer';

    private const VERSION = 1;

    private string $nonce;

    /** @var array<int, array{kind: string, entity_id: int, gone: bool}> */
    private array $things;

    private bool $test;

    /**
     * @param string $nonce 32 hexadecimal digits, the same on every try of this message
     * @param array $things rows of kind, entity_id and gone
     * @param bool $test
     */
    public function __construct(string $nonce, array $things = [], bool $test = false)
    {
        $this->nonce = $nonce;
        $this->things = $things;
        $this->test = $test;
    }

    /**
     * Return what tells this message from every other.
     *
     * @return string
     */
    public function nonce(): string
    {
        return $this->nonce;
    }

    /**
     * Return the body as Comeback reads it.
     *
     * @return string
     */
    public function body(): string
    {
        return json_encode(
            [
                'v' => self::VERSION,
                'orders' => $this->numbers(self::ORDER, false),
                'customers' => $this->numbers(self::CUSTOMER, false),
                'gone' => [
                    'orders' => $this->numbers(self::ORDER, true),
                    'customers' => $this->numbers(self::CUSTOMER, true)
                ],
                'test' => $this->test
            ],
            JSON_THROW_ON_ERROR
        );
    }

    /**
     * Return the numbers of one kind, there or gone.
     *
     * @param string $kind
     * @param bool $gone
     * @return int[]
     */
    private function numbers(string $kind, bool $gone): array
    {
        $numbers = [];
        foreach ($this->things as $thing) {
            if ($thing['kind'] === $kind && $thing['gone'] === $gone) {
                $numbers[] = $thing['entity_id'];
            }
        }
        return $numbers;
    }
}
