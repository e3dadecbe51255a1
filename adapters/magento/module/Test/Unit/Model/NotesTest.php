<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Test\Unit\Model;

use Comeback\Loyalty\Model\Message;
use Comeback\Loyalty\Model\Notes;
use Comeback\Loyalty\Model\Queue;
use Comeback\Loyalty\Model\Settings;
use PHPUnit\Framework\TestCase;
use Psr\Log\LoggerInterface;

/**
 * What is noted of a save, and that nothing of it ever reaches the shopper.
 */
class NotesTest extends TestCase
{
    public function testAnOrderIsNotedByItsNumberWhereItsStoreTellsComeback(): void
    {
        $settings = $this->createMock(Settings::class);
        $settings->method('isReady')->willReturn(true);
        $settings->method('isOnForStore')->willReturnCallback(static function (?int $store): bool {
            return $store === 2;
        });
        $queue = $this->createMock(Queue::class);
        $queue->expects(self::once())->method('note')->with(Message::ORDER, 42, true);
        $notes = new Notes($settings, $queue, $this->createMock(LoggerInterface::class));
        $notes->order('42', '2', true);
        $notes->order('43', '3');
        $notes->order(null, '2');
    }

    public function testACustomerWithoutAWebsiteGoesByWhatHoldsForTheWholeShop(): void
    {
        $settings = $this->createMock(Settings::class);
        $settings->method('isReady')->willReturn(true);
        $settings->expects(self::exactly(2))->method('isOnForWebsite')->withConsecutive([null], [1])->willReturn(true);
        $queue = $this->createMock(Queue::class);
        $queue->expects(self::exactly(2))->method('note')->withConsecutive(
            [Message::CUSTOMER, 7, false],
            [Message::CUSTOMER, 8, false]
        );
        $notes = new Notes($settings, $queue, $this->createMock(LoggerInterface::class));
        $notes->customer(7, null);
        $notes->customer('8', '1');
    }

    public function testBeforeAddressAndSecretAreSavedNothingIsNoted(): void
    {
        $settings = $this->createMock(Settings::class);
        $settings->method('isReady')->willReturn(false);
        $settings->method('isOnForStore')->willReturn(true);
        $settings->method('isOnForWebsite')->willReturn(true);
        $queue = $this->createMock(Queue::class);
        $queue->expects(self::never())->method('note');
        $notes = new Notes($settings, $queue, $this->createMock(LoggerInterface::class));
        $notes->order(42, 1);
        $notes->customer(7, 1);
    }

    public function testNothingThatGoesWrongReachesTheCheckout(): void
    {
        $settings = $this->createMock(Settings::class);
        $settings->method('isReady')->willReturn(true);
        $settings->method('isOnForStore')->willReturn(true);
        $settings->method('isOnForWebsite')->willThrowException(new \Error('no such class'));
        $queue = $this->createMock(Queue::class);
        $queue->method('note')->willThrowException(new \RuntimeException('table is missing'));
        $logger = $this->createMock(LoggerInterface::class);
        $logger->expects(self::exactly(2))->method('error');
        $notes = new Notes($settings, $queue, $logger);
        $notes->order(42, 1);
        $notes->customer(7, 1);
    }
}
