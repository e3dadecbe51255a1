<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Test\Unit\Model;

use Comeback\Loyalty\Model\Message;
use Comeback\Loyalty\Model\Signature;
use PHPUnit\Framework\TestCase;

/**
 * The signature and the body as both sides have agreed on: Comeback's own tests read the same file.
 */
class SignatureTest extends TestCase
{
    /**
     * @return array
     */
    public function vectors(): array
    {
        $agreed = json_decode(file_get_contents(__DIR__ . '/../../vectors.json'), true, 16, JSON_THROW_ON_ERROR);
        return array_column(array_map(static function (array $one): array {
            return ['name' => $one['name'], 'one' => [$one]];
        }, $agreed['good']), 'one', 'name');
    }

    /**
     * @dataProvider vectors
     * @param array $one
     */
    public function testAMessageIsSignedAsComebackReadsIt(array $one): void
    {
        $headers = (new Signature())->headers($one['nonce'], $one['body'], (int)$one['timestamp'], $one['secret']);
        self::assertSame(
            [
                'X-Comeback-Timestamp' => $one['timestamp'],
                'X-Comeback-Nonce' => $one['nonce'],
                'X-Comeback-Signature' => $one['signature']
            ],
            $headers
        );
    }

    /**
     * @dataProvider vectors
     * @param array $one
     */
    public function testABodyIsSpelledAsAgreed(array $one): void
    {
        $said = json_decode($one['body'], true, 16, JSON_THROW_ON_ERROR);
        $things = [];
        foreach ([[$said, false], [$said['gone'], true]] as [$numbers, $gone]) {
            foreach (['orders' => Message::ORDER, 'customers' => Message::CUSTOMER] as $name => $kind) {
                foreach ($numbers[$name] as $number) {
                    $things[] = ['kind' => $kind, 'entity_id' => $number, 'gone' => $gone];
                }
            }
        }
        self::assertSame($one['body'], (new Message($one['nonce'], $things, $said['test']))->body());
    }
}
