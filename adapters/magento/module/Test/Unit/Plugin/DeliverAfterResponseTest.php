<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Test\Unit\Plugin;

use Comeback\Loyalty\Model\Courier;
use Comeback\Loyalty\Model\OpenSession;
use Comeback\Loyalty\Model\Queue;
use Comeback\Loyalty\Plugin\DeliverAfterResponse;
use Magento\Authorization\Model\UserContextInterface;
use Magento\Framework\HTTP\PhpEnvironment\Response;
use PHPUnit\Framework\TestCase;
use Psr\Log\LoggerInterface;

/**
 * At once means after the answer, and only where this request changed something.
 */
class DeliverAfterResponseTest extends TestCase
{
    public function testARequestThatChangedNothingSendsNothing(): void
    {
        $courier = $this->createMock(Courier::class);
        $courier->expects(self::never())->method('deliverAtOnce');
        self::assertSame('sent', $this->after(false, $courier));
    }

    public function testARequestThatChangedSomethingTellsOfFiftyThingsAtMostForTwoSecondsAtMost(): void
    {
        $courier = $this->createMock(Courier::class);
        $courier->expects(self::once())->method('deliverAtOnce')->with(50, 2);
        self::assertSame('sent', $this->after(true, $courier));
    }

    public function testWhatAProgramWritesWaitsForCron(): void
    {
        $courier = $this->createMock(Courier::class);
        $courier->expects(self::never())->method('deliverAtOnce');
        self::assertSame('sent', $this->after(true, $courier, UserContextInterface::USER_TYPE_INTEGRATION));
    }

    public function testTheShoppersNextPageDoesNotWaitForComeback(): void
    {
        $done = [];
        $session = $this->createMock(OpenSession::class);
        $session->expects(self::once())->method('close')->willReturnCallback(static function () use (&$done): void {
            $done[] = 'session let go';
        });
        $courier = $this->createMock(Courier::class);
        $courier->method('deliverAtOnce')->willReturnCallback(static function () use (&$done): void {
            $done[] = 'Comeback told';
        });
        self::assertSame('sent', $this->after(true, $courier, null, $session));
        self::assertSame(['session let go', 'Comeback told'], $done);
    }

    public function testWhateverGoesWrongTheAnswerIsSent(): void
    {
        $courier = $this->createMock(Courier::class);
        $courier->method('deliverAtOnce')->willThrowException(new \Error('no database'));
        self::assertSame('sent', $this->after(true, $courier));
    }

    /**
     * @param bool $touched
     * @param Courier $courier
     * @param int|null $userType
     * @param OpenSession|null $session
     * @return string
     */
    private function after(
        bool $touched,
        Courier $courier,
        ?int $userType = null,
        ?OpenSession $session = null
    ): string {
        $session = $session ?? $this->createMock(OpenSession::class);
        $user = $this->createMock(UserContextInterface::class);
        $user->method('getUserType')->willReturn($userType);
        $queue = $this->createMock(Queue::class);
        $queue->method('isTouched')->willReturn($touched);
        $logger = $this->createMock(LoggerInterface::class);
        $plugin = new DeliverAfterResponse($queue, $courier, $user, $session, $logger);
        return $plugin->afterSendResponse($this->createMock(Response::class), 'sent');
    }
}
